/** What it may use besides the globals of the language: every JavaScript runtime has it. */
declare var TextEncoder: {
  new(): { encode(text: string): Uint8Array }
}
