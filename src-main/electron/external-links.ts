/** Sites the app links to. Everything else stays closed, so that no text in a config or a catalog can send people away. */
const ALLOWED_HOSTS = ['huggingface.co', 'docs.vllm.ai', 'github.com'];
const ALLOWED_PROTOCOLS = ['https:', 'http:'];

/** Whether a link may be handed to the system's browser: http or https, one of the sites by its exact name, nothing in front. */
export function isAllowedLink(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { protocol, hostname, port, username, password } = new URL(link);
  return (
    ALLOWED_PROTOCOLS.includes(protocol) &&
    ALLOWED_HOSTS.includes(hostname) &&
    port === '' &&
    username === '' &&
    password === ''
  );
}
