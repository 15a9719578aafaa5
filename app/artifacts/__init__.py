"""Model folders: manifests and checksums, and the ONNX sessions of their graphs."""
