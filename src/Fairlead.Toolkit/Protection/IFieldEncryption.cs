using System.Security.Cryptography;

namespace Fairlead.Toolkit.Protection;

/// <summary>
/// Encrypts single values that a tool keeps anywhere, such as a phone number in a column of a database (P-80):
/// AES-256-GCM, a fresh nonce for each value, so that two encryptions of one text differ. The key has versions, which the
/// operator rotates: new values take the newest, and values of older versions are read for ever (C-36). A key is made once
/// and kept in memory; a call costs the encryption alone. Ask for it as a service: in a constructor, or as a parameter of
/// the tool.
/// </summary>
public interface IFieldEncryption
{
    /// <summary>Encrypts a text.</summary>
    /// <param name="text">The text; may be empty.</param>
    /// <param name="boundTo">
    /// What the value belongs to, such as <c>users.phone/42</c>: it can be read for the same only, so that a value copied to
    /// another row is of no use there. Not secret, and not kept with the value. Default: nothing.
    /// </param>
    /// <returns>Letters, digits and <c>. _ -</c>; about 60 characters and four thirds of the text's UTF-8.</returns>
    /// <exception cref="ArgumentException">The text holds half a character (a lone surrogate).</exception>
    string Encrypt(string text, string? boundTo = null);

    /// <summary>The text of a value.</summary>
    /// <param name="encrypted">What <see cref="Encrypt"/> gave, here or on any node of the same store.</param>
    /// <param name="boundTo">The same as when it was encrypted.</param>
    /// <exception cref="CryptographicException">
    /// It is no encrypted value, was altered, belongs to something else, or its key is not here.
    /// </exception>
    string Decrypt(string encrypted, string? boundTo = null);

    /// <summary>
    /// Whether a value is of the key version that new values take. One that is not can be decrypted and encrypted anew
    /// after a rotation; it need not be.
    /// </summary>
    /// <param name="encrypted">An encrypted value.</param>
    bool IsCurrent(string encrypted);
}
