"""The pages: what each says, as a function of the store and the address."""
