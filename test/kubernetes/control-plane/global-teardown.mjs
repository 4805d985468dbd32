export default async function stopSharedControlPlanes() {
  await globalThis.stopSharedControlPlanes?.();
}
