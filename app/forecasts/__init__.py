"""From observations to forecasts."""
