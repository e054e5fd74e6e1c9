"""What a tenant signs with, and the secret behind its pairwise subjects. All of it sealed."""
