"""Values as other programs write them, put right or refused."""
