"""SQL steps: PostgreSQL, MySQL or MariaDB, and SQLite, each over its own driver."""
