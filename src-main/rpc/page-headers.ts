/**
 * Headers of every file of the page, in the window and in the browser host alike. The page loads its own scripts and
 * styles and nothing else; `connectSources` are what it may open connections to.
 */
export function pageHeaders(connectSources: string[]): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // And the one style attribute that a list of bits-ui carries in its markup: "display: contents;".
    "style-src 'self' 'unsafe-hashes' 'sha256-iaOezIDcQIoxCULa6FBKKuLUu09R7kG+Mlu+JVfU3Rw='",
    "font-src 'self'",
    // Charts and downloads are made in the page.
    "img-src 'self' data: blob:",
    `connect-src ${["'self'", ...connectSources].join(' ')}`,
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
}
