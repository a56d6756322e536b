/** The name of the API's socket in the runtime directory; apart, so that the API's client is loaded only where it is used. */
export const apiSocketName = 'api.sock';
