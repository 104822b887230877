/**
 * The globals which the core may use besides those of the language: every JavaScript runtime has them. Neither the
 * types of Node.js nor those of browsers are visible to it.
 */
declare var crypto: {
  getRandomValues<T extends Uint8Array>(array: T): T
  readonly subtle: { digest(algorithm: "SHA-256", data: Uint8Array): Promise<ArrayBuffer> }
}
declare var TextEncoder: {
  new(): { encode(text: string): Uint8Array }
}
