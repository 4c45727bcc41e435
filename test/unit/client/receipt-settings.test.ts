import { expect, expectTypeOf, it } from 'vitest';
import type { ReceiptClient, SettingsScope, ShownReceiptSettings } from '../../../src/index.ts';
import type { Observable } from 'rxjs';
import { requireSettings } from '../../../src/client/arguments.ts';

it('setReceiptSettings takes true, false and a scope, and refuses everything else', () => {
  expect(requireSettings({ readReceipts: false, scope: 'account' })).toEqual({ readReceipts: false, scope: 'account' });
  expect(requireSettings({ deliveryReceipts: true })).toEqual({ deliveryReceipts: true });
  for (const given of [{ scope: 'all' }, { scope: null }, { readReceipts: 'no' }, { deliveryReceipts: 0 }, { receipts: false }])
    expect(() => requireSettings(given)).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
});

it('the types name both scopes and both settings', () => {
  expectTypeOf<SettingsScope>().toEqualTypeOf<'device' | 'account'>();
  expectTypeOf<Parameters<ReceiptClient['setReceiptSettings']>[0]>().toEqualTypeOf<{
    readonly deliveryReceipts?: boolean;
    readonly readReceipts?: boolean;
    readonly scope?: 'device' | 'account';
  }>();
  expectTypeOf<ReturnType<ReceiptClient['watchReceiptSettings']>>().toEqualTypeOf<Observable<ShownReceiptSettings>>();
});
