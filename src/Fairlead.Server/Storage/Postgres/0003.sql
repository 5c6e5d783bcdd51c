-- One row once the first start was done. notice: what the operator must still be told once, sealed; null when shown.
CREATE TABLE first_start (
    id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
    notice text
);
-- A store in use was started before this was written down.
INSERT INTO first_start (id)
SELECT 1 WHERE EXISTS (SELECT 1 FROM mcp_tool_groups) OR EXISTS (SELECT 1 FROM users);
