// Validates messages against the schema.json of their revision: each result by the method that asked for it, each
// notification and request by its own method, each error by its code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const revisions = new Map();

function load(revision) {
  if (!revisions.has(revision)) {
    const schema = JSON.parse(readFileSync(join(import.meta.dirname, `../schemas/${revision}.json`), 'utf8'));
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addFormat('byte', true);
    ajv.addSchema({ ...schema, $id: revision });
    // A definition for each method, found by its constant: the names in the schema follow no single rule.
    const byMethod = new Map();
    for (const [name, { properties }] of Object.entries(schema.$defs)) {
      if (properties?.method?.const && properties.jsonrpc) byMethod.set(properties.method.const, name);
    }
    revisions.set(revision, { ajv, byMethod, defs: schema.$defs });
  }
  return revisions.get(revision);
}

const results = {
  initialize: 'InitializeResult',
  ping: 'EmptyResult',
  'server/discover': 'DiscoverResult',
  'tools/list': 'ListToolsResult',
  'tools/call': 'CallToolResult',
  'prompts/list': 'ListPromptsResult',
  'prompts/get': 'GetPromptResult',
  'resources/list': 'ListResourcesResult',
  'resources/templates/list': 'ListResourceTemplatesResult',
  'resources/read': 'ReadResourceResult',
  'resources/subscribe': 'EmptyResult',
  'resources/unsubscribe': 'EmptyResult',
  'logging/setLevel': 'EmptyResult',
  'completion/complete': 'CompleteResult',
  'subscriptions/listen': 'SubscriptionsListenResult',
  'elicitation/create': 'ElicitResult',
  'sampling/createMessage': 'CreateMessageResult',
  'roots/list': 'ListRootsResult',
};

const errors = {
  '-32020': 'HeaderMismatchError',
  '-32021': 'MissingRequiredClientCapabilityError',
  '-32022': 'UnsupportedProtocolVersionError',
};

/**
 * What is wrong with a message; null when it fits its schema.
 * @param {string} revision the revision it was written for
 * @param {object} message the whole JSON-RPC message
 * @param {string} [method] for a response: the method of its request
 */
export function violation(revision, message, method) {
  const { ajv, byMethod, defs } = load(revision);
  const fits = (name, value) => {
    if (!defs[name]) return `${revision} defines no ${name}`;
    const validate = ajv.getSchema(`${revision}#/$defs/${name}`);
    return validate(value) ? null : `${name}: ${ajv.errorsText(validate.errors)}`;
  };
  if (message.method) {
    const name = byMethod.get(message.method);
    return name ? fits(name, message) : `${revision} defines no ${message.method}`;
  }
  if (message.error) {
    const named = errors[message.error.code];
    return fits(named && defs[named] ? named : 'JSONRPCErrorResponse', message);
  }
  if (message.result?.resultType === 'input_required') return fits('InputRequiredResult', message.result);
  const name = results[method];
  return name
    ? (fits('JSONRPCResultResponse', message) ?? fits(name, message.result))
    : `no result is known for ${method}`;
}
