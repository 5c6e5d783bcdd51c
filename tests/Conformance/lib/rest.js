// The administrator's side of a running gateway, as far as tests need it.
import { password } from './gateway.js';

export async function signIn(base) {
  const ask = async (method, path, body, token) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { ...(token && { Authorization: `Bearer ${token}` }), 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!answer.success) throw new Error(`${method} ${path}: ${answer.message}`);
    return answer.data;
  };
  const { access_token: token } = await ask('POST', '/auth/login', { username: 'admin', password });
  return {
    /** Makes a group and disables it; its code and key. */
    async disabledGroup(name) {
      const group = await ask('POST', '/mcp/groups', { name, server_code: name, publish_native: true }, token);
      await ask('POST', `/mcp/groups/${group.id}/disable`, undefined, token);
      return { code: name, key: group.api_key };
    },
    /** Calls of a tool that the call log knows. */
    calls: async (tool) => (await ask('GET', `/calls?tool_name=${tool}&limit=200`, undefined, token)).calls,
  };
}
