// One MQTT.js client, driven by lines of JSON: {"id", "do", …} on stdin, answers {"id", …} and {"event", …} on stdout.
"use strict";
const mqtt = require("mqtt");
const readline = require("node:readline");

let client;

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const shown = (properties) => properties && { ...properties, correlationData: undefined };
const failure = (error) => (error ? { error: String(error.message), code: error.code ?? null } : {});

const verbs = {
  connect({ url, options }, done) {
    client = mqtt.connect(url, options);
    client.once("connect", (connack) => done({ present: connack.sessionPresent, properties: shown(connack.properties) }));
    client.once("error", (error) => done(failure(error)));
    client.on("error", () => {}); // the first is the answer, or "close" tells
    client.on("connect", (connack) => say({ event: "connect", present: connack.sessionPresent }));
    client.on("disconnect", (packet) =>
      say({ event: "disconnect", code: packet.reasonCode, properties: shown(packet.properties) }),
    );
    client.on("close", () => say({ event: "close" }));
    client.on("message", (topic, payload, { qos, retain, dup, properties }) =>
      say({ event: "message", topic, payload: payload.toString(), qos, retain, dup, properties: shown(properties) }),
    );
  },
  subscribe({ filter, options }, done) {
    client.subscribe(filter, options, (error, granted, suback) => done({ ...failure(error), granted: suback?.granted }));
  },
  publish({ topic, payload, options }, done) {
    client.publish(topic, payload, options, (error, packet) =>
      done({ ...failure(error), reason: packet?.reasonCode ?? 0, properties: shown(packet?.properties) }),
    );
  },
  drop(_, done) {
    client.once("close", () => done({}));
    client.stream.destroy();
  },
  end(_, done) {
    client.end(false, {}, () => done({}));
  },
};

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, do: verb, ...rest } = JSON.parse(line);
  verbs[verb](rest, (answer) => say({ id, ...answer }));
});
lines.on("close", () => process.exit(0));
