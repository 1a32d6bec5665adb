// An OPC UA server on node-opcua with tight operation limits. Usage: node node_opcua_server.js PORT
// Modules come from the working directory. Lines on its input: `set NAME VALUE`, `bad NAME`.
const { createRequire } = require("node:module");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");

const load = createRequire(path.join(process.cwd(), "package.json"));
const { OPCUAServer } = load("node-opcua-server");
const { OPCUACertificateManager } = load("node-opcua-certificate-manager");
const { ServerCapabilities } = load("node-opcua-server");
const { Variant, DataType, VariantArrayType } = load("node-opcua-variant");
const { StatusCodes } = load("node-opcua-status-code");

const TAGS = 40;
const values = {};

function addVariable(namespace, folder, name, dataType, value) {
    values[name] = { dataType, value, status: StatusCodes.Good };
    const variable = namespace.addVariable({
        componentOf: folder,
        browseName: name,
        nodeId: `s=${name}`,
        dataType,
        minimumSamplingInterval: 50,
    });
    values[name].node = variable;
    publish(name);
}

function publish(name) {
    const { node, dataType, value, status } = values[name];
    node.setValueFromSource(new Variant({ dataType, value, arrayType: VariantArrayType.Scalar }), status);
}

function populate(server) {
    const namespace = server.engine.addressSpace.getOwnNamespace();
    const folder = namespace.addFolder("ObjectsFolder", { browseName: "plant" });
    for (let tag = 0; tag < TAGS; tag++) addVariable(namespace, folder, `tag${tag}`, DataType.Double, tag + 0.5);
    addVariable(namespace, folder, "int64", DataType.Int64, [0xffffffff, 0xfffffffe]);
    addVariable(namespace, folder, "uint32", DataType.UInt32, 4294967295);
    addVariable(namespace, folder, "text", DataType.String, "grün");
    addVariable(namespace, folder, "flag", DataType.Boolean, true);
    return namespace;
}

async function main() {
    const rootFolder = fs.mkdtempSync(path.join(os.tmpdir(), "node-opcua-"));
    const certificates = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
    await certificates.initialize();
    const server = new OPCUAServer({
        port: Number(process.argv[2]),
        hostname: "127.0.0.1",
        serverCertificateManager: certificates,
        userCertificateManager: certificates,
        serverInfo: { applicationUri: "urn:test:node-opcua" },
        serverCapabilities: new ServerCapabilities({
            maxSessions: 3,
            operationLimits: { maxNodesPerRead: 10, maxMonitoredItemsPerCall: 7 },
        }),
    });
    await server.initialize();
    const namespace = populate(server);
    await server.start();
    console.log(`namespace ${namespace.namespaceUri}`);
    console.log("ready");
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [verb, name, value] = line.split(" ");
        if (verb === "set") Object.assign(values[name], { value: Number(value), status: StatusCodes.Good });
        if (verb === "bad") values[name].status = StatusCodes.BadSensorFailure;
        publish(name);
        console.log("done");
    }
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
