// One edge node of sparkplug-client, driven by lines of JSON like client.cjs, and answering a rebirth as its README shows.
// What JSON cannot hold travels as {"$long": "…"}, {"$bytes": base64} or {"$number": "NaN"}.
"use strict";
const Long = require("long");
const readline = require("node:readline");
const sparkplug = require("sparkplug-client");

let client;
let births; // makes {node, devices, options}: published when the library asks for births, and when a host does

const taken = (_, value) => {
  if (value?.$long !== undefined) return Long.fromString(value.$long);
  if (value?.$bytes !== undefined) return Buffer.from(value.$bytes, "base64");
  return value?.$number !== undefined ? Number(value.$number) : value;
};

function told(key, value) {
  const raw = this[key];
  if (Long.isLong(raw)) return { $long: raw.toString() };
  return raw instanceof Uint8Array ? { $bytes: Buffer.from(raw).toString("base64") } : value;
}

const say = (value) => process.stdout.write(JSON.stringify(value, told) + "\n");

const publishBirths = () => {
  const { node, devices, options } = births();
  client.publishNodeBirth(node, options);
  for (const [device, payload] of Object.entries(devices)) client.publishDeviceBirth(device, payload, options);
};

// reuse: the same objects are published each time, though the library adds members to them.
const remember = (given, again) => (births = given && (given.reuse ? () => given : () => again().births));

const verbs = {
  connect({ config, births: given, again }, done) {
    remember(given, again);
    client = sparkplug.newClient(config);
    client.once("connect", () => done({}));
    client.once("error", (error) => done({ error: String(error.message) }));
    client.on("error", () => {}); // the first is the answer
    client.on("birth", () => {
      say({ event: "birth" });
      if (births) publishBirths();
    });
    client.on("ncmd", (payload) => {
      say({ event: "ncmd", payload });
      if (births && payload.metrics.some(({ name, value }) => name === "Node Control/Rebirth" && value)) publishBirths();
    });
    client.on("dcmd", (device, payload) => say({ event: "dcmd", device, payload }));
    client.on("close", () => say({ event: "close" }));
  },
  births({ births: given, again }, done) {
    remember(given, again);
    if (births) publishBirths();
    done({});
  },
  nodeData({ payloads, options }, done) {
    for (const payload of payloads) client.publishNodeData(payload, options);
    done({});
  },
  deviceBirth({ device, payload, options }, done) {
    client.publishDeviceBirth(device, payload, options);
    done({});
  },
  deviceData({ device, payload, options }, done) {
    client.publishDeviceData(device, payload, options);
    done({});
  },
  deviceDeath({ device, payload }, done) {
    client.publishDeviceDeath(device, payload);
    done({});
  },
  // The library has no verb for it: the connection breaks off, and MQTT.js connects again.
  drop(_, done) {
    client.client.once("close", () => done({}));
    client.client.stream.destroy();
  },
  // As a defect would: the next message has a sequence number too many.
  skip(_, done) {
    client.incrementSeqNum();
    done({});
  },
  end(_, done) {
    client.client.once("close", () => done({}));
    client.stop();
  },
};

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const again = () => JSON.parse(line, taken);
  const { id, do: verb, ...rest } = again();
  verbs[verb]({ ...rest, again }, (answer) => say({ id, ...answer }));
});
lines.on("close", () => process.exit(0));
