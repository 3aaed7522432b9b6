import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as path from "node:path";

/** Answers one request; true if it did. */
export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => boolean;

/** Where a server listens, and with which certificate. */
export interface Listen {
    readonly address: string;
    readonly port: number;
    readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
}

/** Path of a request below `/`, decoded; undefined if it tries to leave. Pure. */
export function requestPath(url: string): string | undefined {
    try {
        const decoded = decodeURIComponent(url.replace(/[?#].*$/s, "")).replace(/^\/+/, "");
        return decoded.split("/").includes("..") || decoded.includes("\0") ? undefined : decoded;
    } catch {
        return undefined;
    }
}

/** Sends a file, with a length and, if the client asks for one, a range (containerd resumes with them). */
export function sendFile(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    file: string,
    headers: http.OutgoingHttpHeaders,
): boolean {
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    if (!stats?.isFile()) {
        return false;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const start = from > 0 && from < stats.size ? from : 0;
    response.writeHead(start > 0 ? 206 : 200, {
        ...headers,
        "content-length": stats.size - start,
        ...(start > 0 ? { "content-range": `bytes ${start}-${stats.size - 1}/${stats.size}` } : {}),
    });
    if (request.method === "HEAD") {
        response.end();
    } else {
        fs.createReadStream(file, { start })
            .on("error", () => response.destroy())
            .pipe(response);
    }
    return true;
}

/** Serves the files below a folder, and nothing else. */
export function staticFiles(root: string): Handler {
    return (request, response) => {
        const relative = requestPath(request.url ?? "/");
        return (
            relative !== undefined &&
            sendFile(request, response, path.join(root, relative), { "content-type": "application/octet-stream" })
        );
    };
}

/** Starts a read-only server that logs one line a request. */
export function serve(listen: Listen, handler: Handler): Promise<http.Server> {
    const answer: http.RequestListener = (request, response) => {
        response.on("finish", () => {
            const who = request.socket.remoteAddress;
            const what = `${response.statusCode} ${request.method} ${request.url}`;
            process.stdout.write(`${new Date().toISOString()} ${who} ${what}\n`);
        });
        if (request.method !== "GET" && request.method !== "HEAD") {
            response.writeHead(405).end();
        } else if (!handler(request, response)) {
            response.writeHead(404).end();
        }
    };
    const server = listen.tls
        ? https.createServer(
              { cert: fs.readFileSync(listen.tls.certificateFile), key: fs.readFileSync(listen.tls.keyFile) },
              answer,
          )
        : http.createServer(answer);
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(listen.port, listen.address, () => resolve(server));
    });
}
