// Opens a PKCS#12 file in the page. Everything else (signing, hashing) is the browser's own WebCrypto.
import forge from "node-forge/lib/forge.js";
import "node-forge/lib/pkcs12.js";

// Left as parsed DER: what leaves here must be byte for byte what the authority issued, and forge knows RSA alone.
forge.pki.privateKeyFromAsn1 = () => {
  throw new Error("kept as DER");
};
forge.pki.certificateFromAsn1 = () => {
  throw new Error("kept as DER");
};

const KINDS = {
  "1.2.840.113549.1.1.1": () => "RSA",
  "1.2.840.10045.2.1": (parameters) =>
    ({ "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384" })[forge.asn1.derToOid(parameters.value)] ?? "",
};

const toBytes = (node) => Uint8Array.from(forge.asn1.toDer(node).getBytes(), (character) => character.charCodeAt(0));

const bagsOf = (file, type) => file.getBags({ bagType: forge.pki.oids[type] })[forge.pki.oids[type]] ?? [];

const sameKey = (left, right) => left?.attributes?.localKeyId?.[0] === right?.attributes?.localKeyId?.[0];

/**
 * Open a key file.
 *
 * @param {ArrayBuffer} content the file
 * @param {string} pin its password
 * @returns {{kind: string, pkcs8: Uint8Array, certificate: Uint8Array, chain: Uint8Array[]}}
 * @throws {Error} message "pin" when the PIN does not open it, "file" when it is no usable key file
 */
export function open(content, pin) {
  let parsed;
  try {
    parsed = forge.asn1.fromDer(forge.util.createBuffer(content));
  } catch {
    throw new Error("file");
  }
  let file;
  try {
    file = forge.pkcs12.pkcs12FromAsn1(parsed, true, pin);
  } catch (error) {
    throw new Error(/password|MAC|decrypt/i.test(error.message) ? "pin" : "file");
  }
  const keys = [...bagsOf(file, "pkcs8ShroudedKeyBag"), ...bagsOf(file, "keyBag")];
  const certificates = bagsOf(file, "certBag");
  if (keys.length !== 1 || certificates.length === 0) {
    throw new Error("file");
  }
  const own = certificates.find((bag) => sameKey(bag, keys[0])) ?? certificates[0];
  const algorithm = keys[0].asn1.value[1].value;
  return {
    kind: KINDS[forge.asn1.derToOid(algorithm[0].value)]?.(algorithm[1]) ?? "",
    pkcs8: toBytes(keys[0].asn1),
    certificate: toBytes(own.asn1),
    chain: certificates.filter((bag) => bag !== own).map((bag) => toBytes(bag.asn1)),
  };
}
