/** A socket with a list of the server's frames. */
export class FakeSocket {
  readonly sent: { type: string }[] = [];
  closedWith: number | undefined;
  buffered = 0;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }
  close(code: number): void {
    this.closedWith = code;
  }
}
