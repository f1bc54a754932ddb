// What Node's codes of failed connections mean; browsers give none.
export const reasons: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the host name can not be looked up now',
  ECONNREFUSED: 'the server refuses the connection',
  ECONNRESET: 'the connection broke',
  ENETUNREACH: 'the network can not be reached',
  ENOTFOUND: 'the host name is not known',
  ETIMEDOUT: 'the server can not be reached in time',
  UND_ERR_CONNECT_TIMEOUT: 'the server can not be reached in time',
  UND_ERR_SOCKET: 'the connection broke',
};
