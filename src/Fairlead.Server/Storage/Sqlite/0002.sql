-- A-60: whether bodies of successful calls are kept in the call log.
ALTER TABLE mcp_tool_groups ADD COLUMN log_bodies integer NOT NULL DEFAULT 0;
