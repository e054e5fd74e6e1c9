"""What a plugin's package brings of words in other languages."""
