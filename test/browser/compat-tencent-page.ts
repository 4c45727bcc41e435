/** The script of an app's page that was written for the vendor's SDK. */
import TencentCloudChat from '../../src/compat/tencent/tencent.ts';

export interface TencentPage {
  readonly sdk: typeof TencentCloudChat;
}

Object.assign(window, { sdk: TencentCloudChat });
