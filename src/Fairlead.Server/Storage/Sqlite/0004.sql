-- Access tokens carry their user's generation; those below it are dead. A row of token_floors says so to the nodes until
-- the last such token has expired by itself; it outlives its user.
ALTER TABLE users ADD COLUMN token_generation integer NOT NULL DEFAULT 0;
CREATE TABLE token_floors (
    user_id    varchar(36) NOT NULL PRIMARY KEY,
    generation integer     NOT NULL,
    expires_at text        NOT NULL
);
