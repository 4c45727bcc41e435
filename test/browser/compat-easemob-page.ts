/** The script of an app's page that was written for the vendor's SDK. */
import websdk from '../../src/compat/easemob/easemob.ts';

export interface EasemobPage {
  readonly websdk: typeof websdk;
}

Object.assign(window, { websdk });
