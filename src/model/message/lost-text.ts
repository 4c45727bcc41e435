/**
 * Stands where a text was encrypted and its key is gone. Half a surrogate pair: no body and no content of a receipt may hold one, so no
 * user can write this text. The code is written as a number, because a bundler that puts the text in place of the name writes another one.
 */
export const LOST_TEXT = String.fromCharCode(0xdfff);
