// Node's pg: 'read' reads every view, 'work' uses LISTEN and the outbox as a worker does.
const { createHash } = require('crypto');
const { Client } = require('pg');

const tell = (...fields) => console.log(fields.join('\t'));
const NAMES = { 16: 'bool', 20: 'int8', 23: 'int4', 25: 'text', 701: 'float8', 1082: 'date', 1184: 'timestamptz', 1700: 'numeric' };

// Without being told otherwise, pg gives bigint and numeric as strings, and a date as an instant of
// the local time zone: told here to give its text.
require('pg').types.setTypeParser(1082, (text) => text);

function asText(value) {
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return String(value.getTime());
  throw new TypeError(`${value} is of an unexpected type`);
}

// A number is an integer or a double: the type of its column says which.
function numberAsText(value, oid) {
  if (oid === 23) return String(value);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

function checksum(value, oid) {
  const text = typeof value === 'number' ? numberAsText(value, oid) : asText(value);
  return createHash('md5').update(text).digest().readUInt32BE(0);
}

async function read(client, view, names) {
  const { fields, rows } = await client.query({ text: `SELECT * FROM crm."${view}"`, rowMode: 'array' });
  fields.forEach((field, i) => {
    const modifier = field.dataTypeModifier - 4;
    const [precision, scale] = field.dataTypeID === 1700 && modifier >= 0 ? [modifier >> 16, modifier & 0xffff] : ['-', '-'];
    tell('C', view, field.name, names[field.dataTypeID] || NAMES[field.dataTypeID], precision, scale, '-', '-');
    const values = rows.map((row) => row[i]).filter((value) => value !== null);
    tell('S', view, rows.length, field.name, values.length, values.reduce((sum, value) => sum + checksum(value, field.dataTypeID), 0));
  });
}

async function readAll() {
  const client = new Client({ user: 'analyst', options: '-c timezone=UTC' });
  await client.connect();
  const stage = await client.query("SELECT 'lifecycle_stage'::regtype::oid AS oid");
  const views = await client.query("SELECT table_name FROM information_schema.views WHERE table_schema = 'crm'");
  for (const { table_name } of views.rows) {
    tell('V', table_name, '-');
    await read(client, table_name, { [stage.rows[0].oid]: 'lifecycle_stage' });
  }
  const keys = await client.query(`SELECT k.table_name, string_agg(k.column_name, ',' ORDER BY k.ordinal_position) AS columns
      FROM information_schema.table_constraints t
      JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
     WHERE t.table_schema = 'crm' AND t.constraint_type = 'PRIMARY KEY' GROUP BY k.table_name`);
  keys.rows.forEach(({ table_name, columns }) => tell('K', table_name, columns));
  await client.end();
}

// As a worker: told by NOTIFY that there is something, it claims, handles and acknowledges.
async function workOff() {
  const channel = 'crm';
  const worker = new Client({ user: 'worker' });
  await worker.connect();
  const told = new Promise((resolve) => worker.on('notification', resolve));
  await worker.query(`LISTEN ${channel}`);
  const claim = async () => (await worker.query("SELECT * FROM ledger_claim_events('crm', 1000)")).rows;
  const acknowledge = async (ids) => (await worker.query("SELECT ledger_ack_events('crm', VARIADIC $1::bigint[]) AS n", [ids])).rows[0].n;
  for (let events; (events = await claim()).length > 0;) await acknowledge(events.map((event) => event.event_id));

  await worker.query("INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) VALUES (987654321, 'purchase', now(), 10)");
  const message = await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 60000).unref())]);
  tell('T', +(message !== undefined && message.channel === channel), 'NOTIFY arrives after a touchpoint');
  const events = await claim();
  const ours = events.filter((event) => event.customer_id === '987654321');
  tell('T', +(ours.length > 0), 'an event of its customer can be claimed');
  tell('T', +ours.every((event) => typeof event.event_id === 'string' && event.occurred_at instanceof Date && typeof event.payload === 'object'),
    'its id is a string, its instant a Date, its payload an object');
  tell('T', +((await claim()).length === 0), 'what is claimed is given to nobody else');
  const ids = events.map((event) => event.event_id);
  tell('T', +((await acknowledge(ids)) === String(ids.length)), 'what is acknowledged');
  tell('T', +((await acknowledge(ids)) === '0'), 'is acknowledged once');
  await worker.end();
}

({ read: readAll, work: workOff })[process.argv[2]]().catch((error) => { console.error(error); process.exit(1); });
