"""Offline training: data in, model folders out. The only room that imports TensorFlow to train."""
