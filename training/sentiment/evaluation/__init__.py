"""How good a sentiment model is: figures, calibration, errors, and the comparison with other models."""
