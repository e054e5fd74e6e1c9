-- Makes the owner of AuthGate's tables, and the database: for psql, as a superuser of PostgreSQL.
-- Safe to repeat. The password is in the environment, since others see a command line:
--     OWNER_PASSWORD=… psql --file=owner.sql
\set ON_ERROR_STOP on
\getenv password OWNER_PASSWORD
SELECT format('CREATE ROLE authgate_owner LOGIN CREATEROLE PASSWORD %L', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authgate_owner')
\gexec
SELECT 'CREATE DATABASE authgate OWNER authgate_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'authgate')
\gexec
