// Makes the container `desk` in Azurite and tells which blobs are there: node blobs.mjs ENDPOINT create|list [PREFIX]
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";

const [endpoint, action, prefix] = process.argv.slice(2);
const account = "devstoreaccount1";
// The key that every Azurite has; Microsoft publishes it.
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const service = new BlobServiceClient(`${endpoint}/${account}`, new StorageSharedKeyCredential(account, key));
const container = service.getContainerClient("desk");
if (action === "create") {
    await container.create();
} else {
    // Blobs whose upload was begun and never finished are listed too.
    for await (const blob of container.listBlobsFlat({ prefix, includeUncommitedBlobs: true })) console.log(blob.name);
}
