-- Makes the role that dumps the database: for psql, as a superuser of PostgreSQL. It sees every row,
-- past row-level security, and changes none. Safe to repeat. The password is in the environment,
-- since others see a command line:
--     BACKUP_PASSWORD=… psql --file=backup.sql
\set ON_ERROR_STOP on
\getenv password BACKUP_PASSWORD
SELECT format('CREATE ROLE authgate_backup LOGIN PASSWORD %L', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authgate_backup')
\gexec
ALTER ROLE authgate_backup BYPASSRLS CONNECTION LIMIT 4;
ALTER ROLE authgate_backup SET default_transaction_read_only = on;
GRANT pg_read_all_data TO authgate_backup;
