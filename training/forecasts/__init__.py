"""The lecture's forecasts: observations made up or taken from it, in; small recurrent networks, out."""
