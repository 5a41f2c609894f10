"""What commands share: texts for a terminal, data as JSON for programs, options, errors in one line."""
