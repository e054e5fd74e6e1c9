"""What becomes tokens: requests for authorization, a person's yes, codes, JWTs good once."""
