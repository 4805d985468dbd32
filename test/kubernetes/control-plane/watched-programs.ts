export * from '#control-plane';
