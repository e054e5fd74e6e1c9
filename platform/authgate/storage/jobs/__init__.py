"""What is known of jobs: whose turn those are that come again."""
