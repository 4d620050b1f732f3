// The TypeScript clients, 1.x and 2.x, against one server: over stdio, /mcp and /sse, in both
// protocol eras. Usage: node clients.mjs URL COMMAND [ARGUMENT…]; installed as package.json says.

import assert from 'node:assert/strict';

import * as v2 from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SSEV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HTTPV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const OLD = '2025-11-25';
const NEW = '2026-07-28';
const TOOLS = [
  'check_edge', 'get_account', 'get_service', 'list_services', 'purge_all', 'purge_surrogate_key', 'purge_url',
  'read_api', 'search_api',
];

const [url, command, ...args] = process.argv.slice(2);
const about = { name: 'interop', version: '1' };
const first = () => new ClientV1(about);
const second = mode => () => new v2.Client(about, { versionNegotiation: { mode } });

const cases = [
  ['1.x over stdio', OLD, first, () => new StdioV1({ command, args })],
  ['1.x over /mcp', OLD, first, () => new HTTPV1(new URL(`${url}/mcp`))],
  ['1.x over /sse', OLD, first, () => new SSEV1(new URL(`${url}/sse`))],
  ['2.x over stdio', OLD, second('legacy'), () => new StdioV2({ command, args })],
  ['2.x over stdio', NEW, second('auto'), () => new StdioV2({ command, args })],
  ['2.x over /mcp', OLD, second('legacy'), () => new v2.StreamableHTTPClientTransport(new URL(`${url}/mcp`))],
  ['2.x over /mcp', NEW, second('auto'), () => new v2.StreamableHTTPClientTransport(new URL(`${url}/mcp`))],
  ['2.x over /sse', OLD, second('legacy'), () => new v2.SSEClientTransport(new URL(`${url}/sse`))],
];

async function play(client) {
  // Listing first, because both clients then hold each result against the tool's output schema.
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(tool => tool.name).sort(), TOOLS);

  const { services } = await call(client, 'list_services', {});
  assert.ok(services.length >= 6);

  const shop = await call(client, 'get_service', { service: 'shop-prod' });
  assert.ok(shop.domains.length > 0 && shop.backends.length > 0);

  const receipt = await call(client, 'purge_surrogate_key', { service: shop.id, keys: ['products'] });
  assert.equal(receipt.accepted, 1);
  assert.equal(receipt.sandbox, true);

  const refused = await client.callTool({ name: 'purge_url', arguments: { urls: ['ftp://x'] } });
  assert.equal(refused.isError, true);
}

async function call(client, name, values) {
  const result = await client.callTool({ name, arguments: values });
  assert.ok(!result.isError, JSON.stringify(result.content));
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

let failed = 0;
for (const [name, era, makeClient, makeTransport] of cases) {
  const client = makeClient();
  let spoken;
  try {
    const transport = makeTransport();
    if (client instanceof ClientV1) {
      // 1.x tells its transport the version, and nobody else.
      const told = transport.setProtocolVersion?.bind(transport);
      transport.setProtocolVersion = version => { spoken = version; told?.(version); };
    }
    await client.connect(transport);
    spoken ??= client.getNegotiatedProtocolVersion();
    assert.equal(spoken, era);
    await play(client);
    console.log(`ok      TypeScript ${name}, ${spoken}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  TypeScript ${name}, ${era}: ${error.stack}`);
  } finally {
    await client.close();
  }
}
process.exit(failed ? 1 : 0);
