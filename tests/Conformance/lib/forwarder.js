// The conformance suite has no way to send a key: this adds it. Everything else passes unchanged in both directions,
// Host and Origin included, so that the rebinding scenario meets the gateway's own guard; bodies are streamed.
import http from 'node:http';

/** Starts a forwarder in front of a gateway; its address with the same path, and how to stop it. */
export async function startForwarder(target, key) {
  const { hostname, port, pathname } = new URL(target);
  const server = http.createServer((request, response) => {
    const headers = [...request.rawHeaders, 'Authorization', `Bearer ${key}`];
    const forwarded = http.request(
      { hostname, port, path: request.url, method: request.method, headers, setHost: false, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}${pathname}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
