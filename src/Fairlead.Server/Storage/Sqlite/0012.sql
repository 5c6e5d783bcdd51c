-- How a group offers a tool otherwise than its owner lists it (A-55): JSON with a schema number; null for as it is listed.
ALTER TABLE mcp_tools ADD COLUMN tool_view text;

-- Names that tools were given by a view; like tool_name they are never given to another tool of the group (C-13).
-- name_key is the name in lower case.
CREATE TABLE mcp_tool_names (
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    group_id   varchar(36) NOT NULL REFERENCES mcp_tool_groups (id) ON DELETE CASCADE,
    name_key   varchar(64) NOT NULL,
    tool_id    varchar(36) NOT NULL REFERENCES mcp_tools (id) ON DELETE CASCADE,
    created_at text        NOT NULL,
    PRIMARY KEY (tenant_id, group_id, name_key)
);

-- Whether clients of a group are listed find_tools and call_tool instead of all its tools.
ALTER TABLE mcp_tool_groups ADD COLUMN find_tools integer NOT NULL DEFAULT 0;
