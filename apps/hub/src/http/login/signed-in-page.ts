/**
 * What a browser shows that was to go nowhere else, for a moment: no script, no style, nothing of whoever is signed in. A page
 * between, because what an identity provider's site has sent the browser to may only be read, and what this one sends it to is our own.
 */
export const SIGNED_IN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="0; url=/">
<title>Flotilla: signed in</title>
<h1>You are signed in</h1>
<p><a href="/">Go on to the fleet</a></p>
</html>
`;
