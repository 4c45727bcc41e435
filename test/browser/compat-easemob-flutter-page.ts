/** The script of an app's page that was written for the vendor's library. */
import * as sdk from '../../src/compat/easemob-flutter/easemob-flutter.ts';

export interface FlutterPage {
  readonly sdk: typeof sdk;
}

Object.assign(window, { sdk });
