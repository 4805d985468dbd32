export default async function stopSharedControlPlane() {
  await globalThis.stopSharedControlPlane?.();
}
