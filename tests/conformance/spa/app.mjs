// A single-page application that signs in. Its title shows the result.

// Signs in with `begin`, which returns an authorize URL and a code verifier, and `finish`, which returns the key's limit.
export async function run({ begin, finish }) {
  const code = new URLSearchParams(location.search).get("code");
  if (code) {
    document.title = await report(() => finish(code, sessionStorage.getItem("code_verifier")));
    return;
  }
  const callback = location.origin + "/";
  document.getElementById("sign-in").onclick = async () => {
    const { url, verifier } = await begin(callback);
    sessionStorage.setItem("code_verifier", verifier);
    location.assign(url);
  };
}

async function report(finish) {
  try {
    return `Signed in with a limit of ${await finish()}`;
  } catch (error) {
    return `Failed: ${error}`;
  }
}
