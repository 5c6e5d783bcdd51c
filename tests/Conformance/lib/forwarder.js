// A plain HTTP forwarder. The conformance suite has no way to send a key: this adds it. Everything else passes
// unchanged in both directions, Host and Origin included, so that the rebinding scenario meets the gateway's own guard;
// bodies are streamed. It can show every JSON-RPC message that passes, for the schema check, and ask for another revision
// than the suite does, which has no way to choose one.
import http from 'node:http';

/**
 * Starts a forwarder; its address with the same path, and how to stop it.
 * @param {string} target where to
 * @param {object} [options]
 * @param {string} [options.key] group key to add
 * @param {string} [options.revision] what `initialize` asks for, whatever the client wrote
 * @param {(message: object, about: {headers: object, request?: object}) => void} [options.sent] sees each request message
 * @param {(message: object, about: {headers: object, request?: object}) => void} [options.answered] sees each answer
 */
export async function startForwarder(target, { key, revision, sent, answered } = {}) {
  const { hostname, port, pathname } = new URL(target);
  const server = http.createServer((request, response) => {
    const headers = [...request.rawHeaders, ...(key ? ['Authorization', `Bearer ${key}`] : [])];
    const about = { headers: request.headers };
    if (sent) {
      whole(request, (body) => {
        if (body) sent((about.request = JSON.parse(body)), about);
      });
    }
    const forwarded = http.request(
      { hostname, port, path: request.url, method: request.method, headers, setHost: false, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        response.flushHeaders();
        if (answered) messages(answer, (message) => answered(message, about));
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    if (revision && request.method === 'POST') whole(request, (body) => forwarded.end(asking(revision, body)));
    else request.pipe(forwarded);
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

// All revisions are as long: Content-Length stays right.
function asking(revision, body) {
  return body.includes('"initialize"') ? body.replace(/("protocolVersion":\s*")\d{4}-\d\d-\d\d"/, `$1${revision}"`) : body;
}

function whole(stream, done) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => done(Buffer.concat(chunks).toString()));
}

function messages(answer, seen) {
  if (!answer.headers['content-type']?.startsWith('text/event-stream')) {
    whole(answer, (body) => body && answer.headers['content-type']?.startsWith('application/json') && seen(JSON.parse(body)));
    return;
  }
  let rest = '';
  answer.setEncoding('utf8');
  answer.on('data', (text) => {
    const events = (rest + text).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '));
      // The first event of a stream may be empty.
      if (data?.length > 6) seen(JSON.parse(data.slice(6)));
    }
  });
}
