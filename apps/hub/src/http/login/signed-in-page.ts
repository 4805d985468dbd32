/** What a browser shows that has nothing else to show: no script, no style, nothing of whoever is signed in. */
export const SIGNED_IN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Flotilla: signed in</title>
<h1>You are signed in</h1>
<p>This window can be closed.</p>
</html>
`;
