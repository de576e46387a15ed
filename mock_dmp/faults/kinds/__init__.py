"""The kinds of faults, one file each, found by `mock_dmp.faults.api.kinds`."""
