/** The script of an app's page that was written for the vendor's SDK. */
import * as sdk from '../../src/compat/zim/zim.ts';

export interface ZIMPage {
  readonly sdk: typeof sdk;
}

Object.assign(window, { sdk });
