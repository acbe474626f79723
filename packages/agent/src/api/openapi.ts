import * as z from "zod";
import { OPERATIONS, type Operation, TOKEN_PATH } from "./operations.ts";
import { problemSchema, tokenSchema } from "./schema.ts";

/** OpenAPI 3.1 of the API, made from the table that the server answers by. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    const path = paths[operation.path] ?? {};
    paths[operation.path] = path;
    path[operation.method.toLowerCase()] = operationObject(name, operation);
  }
  paths[TOKEN_PATH] = { post: tokenOperation() };
  return {
    openapi: "3.1.0",
    info: { title: "Arctic", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      parameters: PARAMETERS,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        recovery: { type: "apiKey", in: "header", name: "X-Arctic-Recovery" },
      },
    },
  };
}

function operationObject(name: string, operation: Operation): object {
  const { access, body, reply, status, format } = operation;
  const isOpen = access === "public" || access === "own_rule";
  return {
    operationId: name,
    summary: operation.summary,
    ...(isOpen ? {} : { security: [{ bearer: access === "any_token" ? [] : [access] }, { recovery: [] }] }),
    parameters: [
      ...parametersIn("path", operation.params),
      ...parametersIn("query", operation.query),
      ...headersOf(operation),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: jsonContent(jsonSchema(body, "input")),
          },
        }),
    responses: {
      [status]: {
        description: status === 201 ? "Created" : "Done",
        ...(reply === undefined
          ? {}
          : { content: { [TYPE_BY_FORMAT[format]]: { schema: jsonSchema(reply, "output") } } }),
      },
      default: { description: "Refused", content: jsonContent({ $ref: "#/components/schemas/Problem" }) },
    },
  };
}

const TYPE_BY_FORMAT = { json: "application/json", event_stream: "text/event-stream" } as const;

/** A stream cannot be sent on; a write may be named, so that it is done once. */
function headersOf({ format, effect, access }: Operation): object[] {
  const names = [
    ...(format === "json" && access !== "own_rule" ? ["PeerToAnswer"] : []),
    ...(effect === "write" && access !== "own_rule" ? ["IdempotencyKey"] : []),
  ];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

const PARAMETERS = {
  PeerToAnswer: {
    name: "X-Arctic-Peer",
    in: "header",
    required: false,
    description: "The peer that shall answer; the one that is called relays the request to it",
    schema: { type: "string" },
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: "Names the write: sent again under it within a day, it is answered and not done again",
    schema: { type: "string", pattern: "^[A-Za-z0-9_-]{16,64}$" },
  },
} as const;

function tokenOperation(): object {
  return {
    operationId: "issueToken",
    summary: "Issues a token for client credentials (RFC 6749 section 4.4)",
    requestBody: {
      required: true,
      content: {
        "application/x-www-form-urlencoded": {
          schema: {
            type: "object",
            required: ["grant_type"],
            properties: {
              grant_type: { const: "client_credentials" },
              client_id: { type: "string" },
              client_secret: { type: "string" },
              scope: { type: "string" },
            },
          },
        },
      },
    },
    responses: {
      200: { description: "Done", content: jsonContent(jsonSchema(tokenSchema, "output")) },
      default: { description: "Refused", content: jsonContent({ $ref: "#/components/schemas/Problem" }) },
    },
  };
}

function parametersIn(place: "path" | "query", schema: z.ZodType): object[] {
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, object>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function jsonContent(schema: object): object {
  return { "application/json": { schema } };
}

/** Ids are checked by code that JSON Schema cannot say; there they are text. What is no text says so by `meta`. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...document } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: target }) => {
      if (zodSchema._zod.def.type === "custom") target.type ??= "string";
    },
  });
  return document;
}
