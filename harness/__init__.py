"""The harness: plan, campaign, runner, driver, checks and evidence. It reaches the platform over the wire
only.
"""
