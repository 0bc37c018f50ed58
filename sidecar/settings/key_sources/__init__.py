"""Where root keys are kept: one file for each kind of place, with what may be written about it."""
