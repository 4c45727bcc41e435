/**
 * Stands where a text was encrypted and its key is gone. Half a surrogate pair: no body and no content of a receipt may hold one, so no
 * user can write this text.
 */
export const LOST_TEXT = '\udfff';
