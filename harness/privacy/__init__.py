"""The guard before evidence leaves the house: secrets and identities, looked for inside whatever holds them."""
