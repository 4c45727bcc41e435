/** The page of one phone that is written with a vendor's names: `/phone.html?names=zim&owner=bob`, in a frame of the demo. */
import { fetchToken } from '../dev-server.ts';
import { PHONE_OWNERS } from '../people.ts';
import type { StartApp } from './vendor-app.ts';
import { type VendorNames } from './names.ts';
import { createVendorPhone, type Told } from './vendor-phone.ts';

const APPS: Readonly<Record<VendorNames, () => Promise<StartApp>>> = {
  easemob: async () => (await import('./easemob.ts')).startEasemob,
  'easemob-flutter': async () => (await import('./easemob-flutter.ts')).startEasemobFlutter,
  tencent: async () => (await import('./tencent.ts')).startTencent,
  zim: async () => (await import('./zim.ts')).startZim,
};

const start = async (): Promise<void> => {
  const params = new URLSearchParams(location.search);
  const owner = PHONE_OWNERS.find((one) => one === params.get('owner'));
  const names = Object.keys(APPS).find((one) => one === params.get('names')) as VendorNames | undefined;
  if (!owner || !names) throw new Error('phone.html takes ?names=… and owner=…');
  const tell = (told: Told): void => parent.postMessage({ owner, ...told }, location.origin);
  const phone = createVendorPhone(owner, tell);
  document.body.append(phone.node);
  const access = { url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/receipts`, getToken: fetchToken };
  const startApp = await APPS[names]();
  phone.show(await startApp(owner, access, phone.screen));
};

void start();
